// The functions of the integration guide, for callers with a key only.
import { createApi } from '@convex-dev/better-auth'
import schema from './schema'

// The backend decides by which of the two properties a function has.
function internal<T extends Record<string, any>>(functions: T): T {
  for (const f of Object.values(functions)) {
    delete f.isPublic
    f.isInternal = true
  }
  return functions
}

export const { create, findOne, findMany, updateOne, updateMany, deleteOne, deleteMany }
  = internal(createApi(schema, () => ({})))
