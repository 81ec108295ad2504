// The deployment's schema, as far as the server may know it.
import type { GenericDatabaseReader, GenericDataModel, GenericDocument, GenericSchema, SchemaDefinition } from 'convex/server'
import { ConvexError, type GenericId, type GenericValidator } from 'convex/values'
import { VERSION } from './call'

export type Reader = GenericDatabaseReader<GenericDataModel>
export type Document = GenericDocument & { _id: GenericId<string>; _creationTime: number }

export class Deployment {
  constructor(
    private schema: SchemaDefinition<GenericSchema, boolean>,
    private tables: string[],
  ) {}

  /** Refuses tables that are not in the list. */
  check(table: string) {
    if (!this.tables.includes(table) || !this.schema.tables[table]) throw new ConvexError({ code: 'TABLE', table })
  }

  indexes(table: string): { name: string; fields: string[] }[] {
    this.check(table)
    return this.schema.tables[table]![' indexes']().map((i) => ({ name: i.indexDescriptor, fields: i.fields }))
  }

  /** Refuses an index that is not there or does not start with these fields. */
  checkIndex(table: string, name: string, fields: string[]) {
    const index = this.indexes(table).find((i) => i.name === name)
    if (!index || fields.some((field, i) => field !== index.fields[i])) throw new ConvexError({ code: 'INDEX', table, index: name })
  }

  /** What the server needs to know to choose indexes and to find mistakes. */
  describe() {
    const tables: Record<string, { fields: Record<string, string[]> | null; indexes: Record<string, string[]> }> = {}
    for (const table of this.tables) {
      if (!this.schema.tables[table]) continue
      const { validator } = this.schema.tables[table]
      tables[table] = {
        fields:
          validator.kind === 'object'
            ? Object.fromEntries(Object.entries(validator.fields).map(([name, field]) => [name, describeField(field as GenericValidator)]))
            : null,
        indexes: Object.fromEntries(this.indexes(table).map((i) => [i.name, i.fields])),
      }
    }
    return { version: VERSION, tables, remembers: 'lockstepBatch' in this.schema.tables }
  }
}

function describeField(field: GenericValidator): string[] {
  return field.isOptional === 'optional' ? [...kinds(field), 'missing'] : kinds(field)
}

/** The kinds of value that a field can hold, such as "string", "null" and "float64[]". */
function kinds(field: GenericValidator): string[] {
  switch (field.kind) {
    case 'union':
      return (field.members as GenericValidator[]).flatMap(kinds)
    case 'array':
      return kinds(field.element).map((kind) => `${kind}[]`)
    case 'literal':
      return [typeof field.value === 'number' ? 'float64' : typeof field.value]
    case 'id':
      return ['string']
    default:
      return [field.kind]
  }
}
