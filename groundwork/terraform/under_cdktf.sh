#!/bin/sh
# What cdktf starts as Terraform. It runs each Terraform on a terminal of its own and ends as soon as one stack has failed;
# the hang-up of those terminals would then kill the Terraform of every other stack, which keeps its lock.
trap '' HUP
exec "$GROUNDWORK_TERRAFORM" "$@"
