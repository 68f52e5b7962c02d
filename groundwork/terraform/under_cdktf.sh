#!/bin/sh
# What cdktf starts as Terraform, each on a terminal of its own. Where cdktf is killed or crashes, the hang-up of those
# terminals would kill every Terraform at once, and leave its lock.
trap '' HUP
# Plans hold secrets.
umask 077
exec "$GROUNDWORK_TERRAFORM" "$@"
