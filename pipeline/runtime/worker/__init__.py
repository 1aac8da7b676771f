"""The Faust worker: records through a stage, nothing lost and nothing counted twice."""
