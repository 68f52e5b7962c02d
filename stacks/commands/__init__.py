"""Commands that this platform adds to `gw`. They import its values when they run, not when `gw` starts."""
