"""Sources of real samples: built-in sets, arrays, files and folders, and the batches from them."""
