// The functions of the integration guide: public.
import { createApi } from '@convex-dev/better-auth'
import schema from './schema'

export const { create, findOne, findMany, updateOne, updateMany, deleteOne, deleteMany }
  = createApi(schema, () => ({}))
