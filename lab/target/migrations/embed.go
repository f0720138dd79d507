// Package migrations carries the shop's schema and seed inside the binary, so that the image needs no files beside it.
package migrations

import "embed"

// Files holds the golang-migrate pairs (000001_init.up.sql, 000001_init.down.sql, ...).
//
//go:embed *.up.sql *.down.sql
var Files embed.FS

// Seed inserts 1,000 users; running it again changes nothing.
//
//go:embed seed.sql
var Seed string
