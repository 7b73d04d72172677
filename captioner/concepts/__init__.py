"""What a classifier of ImageNet's 1,000 classes can see, in the words that people use, and how captions say it."""
