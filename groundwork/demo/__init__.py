"""The main job, end to end on the laptop: deploy, call, diff, change, diff again — measured."""
