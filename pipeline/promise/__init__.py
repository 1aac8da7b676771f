"""The promised rate of false alarms: verdicts of people, and whether the promise was kept."""
