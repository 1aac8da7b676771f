"""What the commands of `groundswell` do; one file a family, wired together in `pipeline.commands.main`."""
