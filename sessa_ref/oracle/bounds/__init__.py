"""What each case must give, and how far from it rounding may lead."""
