"""Small models, trained to see what a layer learns: `python -m experiments`."""
