"""Steps of a release that the deployment workflows share. Standard library only, Python 3.11 or later.

Usage: python3 deploy/release COMMAND [ARGUMENT]

    wait WORKFLOW        wait for that workflow's run for this commit, if this repository has the workflow
    rehearse             run the migration on a copy of the database, and delete the copy
    deploy               deploy this commit to Fly.io; if flyctl fails, check whether it had deployed
    restore-point NAME   keep the database as it is now, as a Neon branch
    restore BRANCH       restore the database from such a branch; its present data stays under another name
    drill                restore the newest restore point into a branch of its own, and check it
    move BRANCH          move a branch to this commit: forward, or back if a person started the workflow
    prove                check that the API, the image, the schema and the frontend are this commit's

Exit code 0: the step is done; 1: it failed; 2: a usage error; 3: unknown whether it is done.
"""
