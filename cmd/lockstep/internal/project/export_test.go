package project

// Exported for the fuzz test of what is written into a schema.ts.
var (
	WithTables = withTables
	Spreads    = spreads
)
