"""What the program weighs: ratios against plainer ways of doing the same, each pair measured in one run."""
