package project

// Exported for the fuzz tests.
var (
	PublicIn   = publicIn
	WithTables = withTables
	Spreads    = spreads
)
