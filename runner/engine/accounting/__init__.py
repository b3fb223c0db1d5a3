"""What a job uses of the machine, and how far it says it is: looked at while it runs."""
