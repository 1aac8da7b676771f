"""The promised rate of false alarms: verdicts of people, and the audit against them."""
