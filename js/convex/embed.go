// Package convexjs holds the Convex functions of this folder, as TypeScript, for
// programs that write them into a project's convex folder.
package convexjs

import (
	"embed"
	"io/fs"
)

//go:embed src
var src embed.FS

// Files returns what belongs in a project's convex folder:
//
//	lockstep.ts         the functions that are exported, for the project to change
//	lockstepFunctions/  what they do, the same in every project
//	crons.ts            runs the clean-up; a project may have its own
//	schema.ts           the tables of Better Auth and lockstepTables, as a start
func Files() fs.FS {
	files, err := fs.Sub(src, "src")
	if err != nil {
		panic("convexjs: " + err.Error()) // "src" is a valid path
	}
	return files
}
