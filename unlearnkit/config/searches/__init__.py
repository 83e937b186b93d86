"""The block `searches`: how settings of methods are searched for, and which variants use what was found."""
