package main

// Main runs the program, for the tests to start themselves as it.
func Main() { main() }
