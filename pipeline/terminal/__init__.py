"""What a person sees in the terminal: console, bars and progress of long work."""
