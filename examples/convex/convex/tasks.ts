// Functions for the users that Lockstep signs in. Each sees its own tasks only.
import type { Auth } from 'convex/server'
import { ConvexError, v } from 'convex/values'
import { mutation, query } from './_generated/server'

// The id of the user whose token the client sent: the subject is the id of the row
// in the table user.
async function userId(ctx: { auth: Auth }): Promise<string> {
  const identity = await ctx.auth.getUserIdentity()
  if (!identity) throw new ConvexError('Sign in first.')
  return identity.subject
}

export const list = query({
  args: {},
  returns: v.array(v.object({ id: v.id('tasks'), text: v.string() })),
  handler: async (ctx) => {
    const owner = await userId(ctx)
    const tasks = await ctx.db.query('tasks').withIndex('by_owner', (q) => q.eq('owner', owner)).order('desc').take(100)
    return tasks.map((task) => ({ id: task._id, text: task.text }))
  },
})

export const add = mutation({
  args: { text: v.string() },
  returns: v.null(),
  handler: async (ctx, { text }) => {
    const owner = await userId(ctx)
    if (text.trim() === '' || text.length > 200) throw new ConvexError('A task has 1 to 200 characters.')
    await ctx.db.insert('tasks', { owner, text: text.trim() })
    return null
  },
})
