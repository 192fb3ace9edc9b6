#!/bin/sh
# Print the API for this build on Cloudflare Pages: a branch with an open pull request gets that pull request's own, every
# other branch PUBLIC_API_URL. Written by bin/handoff. The build command becomes:
#   PUBLIC_API_URL=$(sh ../deploy/preview-api.sh) bun run build
# A private repository needs GITHUB_TOKEN, which reads pull requests, among the variables of Pages' previews.
repository={{repository}}
number=$(
    curl --fail --silent --max-time 20 ${GITHUB_TOKEN:+--header "Authorization: Bearer $GITHUB_TOKEN"} --get \
        --data-urlencode "head=${repository%/*}:${CF_PAGES_BRANCH:?is set by Cloudflare Pages}" \
        "https://api.github.com/repos/$repository/pulls" |
        grep -o '"number": *[0-9]*' | head -n 1 | grep -o '[0-9]*$'
)
if [ -n "$number" ]; then
    echo "https://{{app:bare}}-pr-$number.fly.dev"
else
    echo "$PUBLIC_API_URL"
fi
