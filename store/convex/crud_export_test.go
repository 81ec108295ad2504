package convex

// TableOf reads the number of the table in an id.
func TableOf(id string) (uint32, bool) { return tableOf(id) }
