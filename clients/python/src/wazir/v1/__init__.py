"""Generated messages and stubs of the contract, by `generate.sh`."""
