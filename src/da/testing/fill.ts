/** Very many tasks at once, as if they had been worked on for a day. */
import type { Database } from "../database.ts";

/** Of each thousand tasks: 900 outputted, 60 failed, 20 proved, 10 dispatched, 10 packed. */
const tasks = `
  insert into w3bstream.tasks (task_hash, chain_id, router, project_id, version, program_id,
    messages_root, input_commitment, nonce, signature, message_count, phase, machine, wake_at,
    packed_at, ended_at)
  select sha256(n::text::bytea), 0, '\\x00000000000000000000000000000000000000aa', 1 + n % $2::int,
         '0.1', sha256('program'), sha256('root'), sha256('input'), n, decode(repeat('07', 65), 'hex'),
         1, case when n % 1000 < 920 then 'proved' when n % 1000 < 980 then 'failed'
                 when n % 1000 < 990 then 'dispatched' else 'packed' end,
         -- Those that are open are nobody's turn for now.
         null, case when n % 1000 < 900 or n % 1000 between 920 and 979 then null
                    else now() + interval '1 day' end,
         began, case when n % 1000 < 900 or n % 1000 between 920 and 979
                     then began + interval '1 minute' end
    from (select n, now() - (($1::int - n) * 86400.0 / $1) * interval '1 s' as began
            from generate_series(1, $1::int) n) made`;

const messages = `
  insert into w3bstream.messages (id, project_id, project_version, client_id, group_key, data, size,
    salt, hash, received_at, task_serial, task_index)
  select gen_random_uuid(), project_id, version, 'did:example:private-sender', '',
         'private data', 12, task_hash, task_hash, packed_at, serial, 0
    from w3bstream.tasks`;

const states = `
  insert into w3bstream.task_states (task_serial, state, at, by, comment, result)
  select serial, e.state, packed_at + e.seconds * interval '1 s',
         '0xBebeBebebEBEbeBEBeBEbeBebeBEBebebeBEBebe',
         case when e.state = 'failed' then 'after 3 attempts: the proof took more than 60 s' else '' end, ''
    from w3bstream.tasks t,
         (values ('packed', 0, 1), ('dispatched', 2, 2), ('proved', 30, 3), ('outputted', 60, 4),
                 ('failed', 60, 4)) as e(state, seconds, place)
   where e.place <= case when t.phase = 'packed' then 1 when t.phase = 'dispatched' then 2
                         when t.phase = 'proved' and ended_at is null then 3 else 4 end
     and case e.state when 'failed' then phase = 'failed' when 'outputted' then phase = 'proved'
                      when 'proved' then phase = 'proved' else true end
   order by serial, e.place`;

const receipts = `
  insert into w3bstream.receipts (task_serial, prover, vm_type, program_id, image_id, binding_kind,
    public_values, proof, verdict, verified_at)
  select serial, '\\xbebebebebebebebebebebebebebebebebebebebe',
         (array['halo2', 'zkwasm', 'risc0'])[1 + serial % 3], program_id, program_id, 'data',
         task_hash, decode(repeat('07', 1400), 'hex'), 'valid',
         packed_at + (2 + (serial * 7919) % 40) * interval '1 s'
    from w3bstream.tasks where phase = 'proved' order by serial`;

const outputs = `
  insert into w3bstream.outputs (task_serial, index, attempt, state, reference, at)
  select serial, 0, 1, 'confirmed', 'stdout', ended_at from w3bstream.tasks where state = 'outputted'`;

/** Fills an empty database with tasks of so many projects, a message each, and analyses it. */
export async function fillTasks(database: Database, count: number, projects = 5): Promise<void> {
  await database.query(tasks, [count, projects]);
  for (const text of [messages, states, receipts, outputs]) await database.query(text);
  for (const table of ["tasks", "messages", "task_states", "receipts", "outputs", "task_tally"]) {
    await database.query(`vacuum (analyze) w3bstream.${table}`);
  }
}
