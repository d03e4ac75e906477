"""What can be wrong at any place of the layer, and families of mistakes with a number that can be fitted."""
