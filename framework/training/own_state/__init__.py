"""What a person's own objects hold that changes in training, so that a checkpoint can keep it."""
