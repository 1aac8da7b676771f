"""The Faust worker: records of a partition through a stage, nothing lost and nothing counted twice."""
