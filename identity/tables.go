package identity

import "github.com/lockstep-auth/lockstep/schema"

// The logical names of the core tables.
const (
	UserTable         = "user"
	SessionTable      = "session"
	AccountTable      = "account"
	VerificationTable = "verification"
)

// Tables returns the core tables with Better Auth's fields, in the order of the
// wire (upstream: packages/core/src/db/get-tables.ts).
func Tables() []schema.Table {
	return []schema.Table{userTable(), sessionTable(), accountTable(), verificationTable()}
}

func userTable() schema.Table {
	return schema.Table{Name: UserTable, Fields: []schema.Field{
		{Name: "name", Required: true},
		{Name: "email", Required: true, Unique: true},
		{Name: "emailVerified", Type: schema.Bool, Required: true, NoInput: true},
		{Name: "image"},
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "updatedAt", Type: schema.Date, Required: true},
	}}
}

func sessionTable() schema.Table {
	return schema.Table{Name: SessionTable, Fields: []schema.Field{
		{Name: "expiresAt", Type: schema.Date, Required: true},
		{Name: "token", Required: true, Unique: true},
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "updatedAt", Type: schema.Date, Required: true},
		{Name: "ipAddress"},
		{Name: "userAgent"},
		{Name: "userId", Required: true, Index: true, References: &schema.Reference{Table: UserTable, Field: "id"}},
	}}
}

// accountTable has one index more than upstream's: every sign-in with a service
// looks an account up by its id there.
func accountTable() schema.Table {
	return schema.Table{Name: AccountTable, Fields: []schema.Field{
		{Name: "accountId", Required: true, Index: true},
		{Name: "providerId", Required: true},
		{Name: "userId", Required: true, Index: true, References: &schema.Reference{Table: UserTable, Field: "id"}},
		{Name: "accessToken", NoOutput: true},
		{Name: "refreshToken", NoOutput: true},
		{Name: "idToken", NoOutput: true},
		{Name: "accessTokenExpiresAt", Type: schema.Date, NoOutput: true},
		{Name: "refreshTokenExpiresAt", Type: schema.Date, NoOutput: true},
		{Name: "scope"},
		{Name: "password", NoOutput: true},
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "updatedAt", Type: schema.Date, Required: true},
	}}
}

// verificationTable has one index more than upstream's: the secrets of a user
// are found by their value, and there may be many of other users.
func verificationTable() schema.Table {
	return schema.Table{Name: VerificationTable, Fields: []schema.Field{
		{Name: "identifier", Required: true, Index: true},
		{Name: "value", Required: true, Index: true},
		{Name: "expiresAt", Type: schema.Date, Required: true},
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "updatedAt", Type: schema.Date, Required: true},
	}}
}
