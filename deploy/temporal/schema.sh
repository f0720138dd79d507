#!/bin/sh
# Creates Temporal's two databases and updates their schemas to the version of this image. Idempotent, so it runs before every start.
# Connection: SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu
export SQL_PLUGIN=postgres12
schemas=${TEMPORAL_SCHEMAS:-/etc/temporal/schema/postgresql/v12}

update_database() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "$schemas/$2/versioned"
}

update_database temporal temporal
update_database temporal_visibility visibility
