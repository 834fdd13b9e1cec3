-- What Relay keeps in PostgreSQL, version 1. A relay server creates it at its first start, if its user may create tables.
-- It can also be loaded with psql as another user, who then grants EXECUTE on the functions and SELECT, INSERT, UPDATE and
-- DELETE on the tables.
--
-- Each change happens in a function, that is, in one statement: a client that stops in the middle cannot hold the lock.
-- The functions that write take one advisory lock first, and keep it until their transaction has been committed. So the
-- next one has the next revision and sees all before it, and nobody sees revision 7 before revision 6.

CREATE TABLE relay_store (
    version integer NOT NULL,                 -- of these tables and functions
    revision bigint NOT NULL DEFAULT 0,       -- of the last change
    pruned bigint NOT NULL DEFAULT 0,         -- changes up to this revision are no longer in relay_change
    kept bigint NOT NULL DEFAULT 10000,       -- number of revisions that stay in relay_change
    history text NOT NULL DEFAULT '',         -- of which server and timeline the last change was
    clock bigint NOT NULL DEFAULT 0,          -- ms; the time of the leases
    seen timestamptz NOT NULL DEFAULT clock_timestamp() -- when the clock was set
);
CREATE UNIQUE INDEX relay_store_one ON relay_store ((true));
INSERT INTO relay_store (version) VALUES (1);

CREATE TABLE relay_lease (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    live bigint NOT NULL,                     -- ms; its time to live
    expires bigint NOT NULL                   -- by the clock
);

CREATE TABLE relay_entry (
    key text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 1024),
    value text NOT NULL CHECK (length(value) <= 65536),
    revision bigint NOT NULL,                 -- of its last change
    lease bigint NOT NULL                     -- 0: none
);
CREATE INDEX relay_entry_lease ON relay_entry (lease) WHERE lease <> 0;

CREATE TABLE relay_change (
    revision bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text,                               -- null: the key was deleted
    lease bigint NOT NULL,
    PRIMARY KEY (revision, key)
);

-- The first number of the advisory lock, whose second one is 0. Others have it for tables of another schema.
CREATE FUNCTION relay_key() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT 'relay_store'::regclass::oid::bigint::bit(32)::integer
$$;

-- Deletes the entries of leases and the leases, in one revision after the given one. Returns the revision then.
CREATE FUNCTION relay_end_leases(ended bigint[], last bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changes bigint;
BEGIN
    DELETE FROM relay_lease WHERE id = ANY (ended);
    WITH gone AS (DELETE FROM relay_entry WHERE lease <> 0 AND lease = ANY (ended) RETURNING key)
    INSERT INTO relay_change SELECT last + 1, key, NULL, 0 FROM gone;
    GET DIAGNOSTICS changes = ROW_COUNT;
    IF changes = 0 THEN RETURN last; END IF;
    UPDATE relay_store SET revision = last + 1;
    RETURN last + 1;
END $$;

-- Begins every function that writes: waits for its turn, refuses to run after its deadline, moves the clock on, and ends
-- the leases that have expired.
--
-- Time passes only while somebody looks: more than half a second between two looks counts as half a second. So a server
-- that was stopped, restarted or replaced, or whose clock was set, ends no lease that its owner could not renew.
--
-- After a restore, or after a standby has taken over, changes that were seen may be missing. A new server or timeline
-- therefore goes on far behind all revisions that were ever seen, and no watch continues over the gap.
CREATE FUNCTION relay_begin(deadline timestamptz, OUT now_ms bigint, OUT last bigint, OUT changed boolean)
LANGUAGE plpgsql AS $$
DECLARE
    store relay_store;
    here text;
    now timestamptz;
    ended bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(relay_key(), 0);
    now := clock_timestamp();
    IF now > deadline THEN
        RAISE EXCEPTION 'the deadline of this request has passed' USING ERRCODE = 'RL001';
    END IF;
    SELECT * INTO STRICT store FROM relay_store;
    SELECT s.system_identifier || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) INTO here FROM pg_control_system() s;
    now_ms := store.clock + least(greatest(extract(epoch FROM now - store.seen) * 1000, 0), 500)::bigint;
    last := store.revision;
    changed := store.history <> here;
    IF changed THEN
        IF store.history <> '' THEN last := last + 1000000000; END IF;
        DELETE FROM relay_change;
        UPDATE relay_store SET history = here, revision = last, pruned = last;
    END IF;
    UPDATE relay_store SET clock = now_ms, seen = now;
    SELECT array_agg(id) INTO ended FROM relay_lease WHERE expires <= now_ms;
    IF ended IS NOT NULL THEN
        last := relay_end_leases(ended, last);
        changed := true;
    END IF;
    IF last - store.pruned > store.kept + 500 THEN
        DELETE FROM relay_change WHERE revision <= last - store.kept;
        UPDATE relay_store SET pruned = last - store.kept;
    END IF;
END $$;

-- Moves the clock on. Does not wait for the disk if that was all: after a crash the clock goes back, and leases last longer.
CREATE FUNCTION relay_tick() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT changed FROM relay_begin('infinity')) THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
END $$;

-- Half a second more than asked for, since the clock may count that much too much, once, when it is set.
CREATE FUNCTION relay_grant(deadline timestamptz, ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    granted bigint;
BEGIN
    INSERT INTO relay_lease (live, expires)
        SELECT ms + 500, now_ms + ms + 500 FROM relay_begin(deadline) RETURNING id INTO granted;
    RETURN granted;
END $$;

-- As relay_tick: a renewal that a crash undoes was renewed by a clock that the crash has set back, too.
CREATE FUNCTION relay_renew(deadline timestamptz, lease bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    begun record;
    renewed boolean;
BEGIN
    SELECT * INTO begun FROM relay_begin(deadline);
    UPDATE relay_lease SET expires = begun.now_ms + live WHERE id = lease;
    renewed := FOUND;
    IF NOT begun.changed THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
    RETURN renewed;
END $$;

CREATE FUNCTION relay_revoke(deadline timestamptz, lease bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM relay_end_leases(ARRAY[lease], begun.last) FROM relay_begin(deadline) begun;
END $$;

-- A transaction: conditions (a key and the revision of its last change) and operations (a null value deletes the key).
-- Returns one row, or, if a condition does not hold, also the entries of the conditions.
CREATE FUNCTION relay_commit(
    deadline timestamptz, if_keys text[], if_revisions bigint[], new_keys text[], new_values text[], new_leases bigint[])
RETURNS TABLE (done boolean, revision bigint, key text, value text, changed bigint, lease bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    here bigint;
    changes bigint;
BEGIN
    SELECT last INTO here FROM relay_begin(deadline);
    IF EXISTS (
        SELECT FROM unnest(if_keys, if_revisions) AS c (k, r) LEFT JOIN relay_entry e ON e.key = c.k
        WHERE coalesce(e.revision, 0) <> c.r
    ) THEN
        RETURN QUERY SELECT false, here, e.key::text, e.value, e.revision, e.lease
            FROM (VALUES (1)) one LEFT JOIN relay_entry e ON e.key = ANY (if_keys) ORDER BY e.key COLLATE "C";
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(new_leases) AS l WHERE l <> 0 AND NOT EXISTS (SELECT FROM relay_lease WHERE id = l)) THEN
        RAISE EXCEPTION 'a lease has ended' USING ERRCODE = 'RL002';
    END IF;
    WITH wanted AS (
        SELECT * FROM unnest(new_keys, new_values, new_leases) AS w (k, v, l)
    ), gone AS (
        DELETE FROM relay_entry e USING wanted WHERE e.key = k AND v IS NULL RETURNING e.key
    ), put AS (
        INSERT INTO relay_entry SELECT k, v, here + 1, l FROM wanted WHERE v IS NOT NULL
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, lease = excluded.lease
        RETURNING key, value, lease
    )
    INSERT INTO relay_change SELECT here + 1, key, NULL, 0 FROM gone UNION ALL SELECT here + 1, key, value, lease FROM put;
    GET DIAGNOSTICS changes = ROW_COUNT;
    IF changes > 0 THEN
        here := here + 1;
        UPDATE relay_store SET revision = here;
    END IF;
    RETURN QUERY SELECT true, here, NULL::text, NULL::text, NULL::bigint, NULL::bigint;
END $$;

-- The entries with these keys or, if there is a prefix, those whose keys begin with it; at least one row. Waits for the transactions
-- under way: what a read does not see is not committed later, since its deadline is checked after this lock.
CREATE FUNCTION relay_read(keys text[], prefix text)
RETURNS TABLE (revision bigint, key text, value text, changed bigint, lease bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock_shared(relay_key(), 0);
    IF prefix IS NULL THEN
        RETURN QUERY SELECT s.revision, e.key::text, e.value, e.revision, e.lease
            FROM relay_store s LEFT JOIN relay_entry e ON e.key = ANY (keys) ORDER BY e.key COLLATE "C";
    ELSE
        RETURN QUERY SELECT s.revision, e.key::text, e.value, e.revision, e.lease
            FROM relay_store s LEFT JOIN relay_entry e ON e.key >= prefix COLLATE "C" AND starts_with(e.key, prefix)
            ORDER BY e.key COLLATE "C";
    END IF;
END $$;

-- The changes of keys that begin with one of the prefixes, after a revision and up to the last of 500 revisions; at least
-- one row, with the revision up to which it tells. "due" asks for relay_tick.
CREATE FUNCTION relay_poll(prefixes text[], after bigint)
RETURNS TABLE (up_to bigint, last bigint, pruned bigint, due boolean, revision bigint, key text, value text, lease bigint)
LANGUAGE sql STABLE AS $$
    SELECT least(s.revision, after + 500), s.revision, s.pruned, clock_timestamp() NOT BETWEEN s.seen AND s.seen + interval '0.4 s',
        c.revision, c.key, c.value, c.lease
    FROM relay_store s LEFT JOIN relay_change c
    ON c.revision > after AND c.revision <= after + 500
        AND EXISTS (SELECT FROM unnest(prefixes) AS p WHERE starts_with(c.key, p))
    ORDER BY c.revision, c.key COLLATE "C"
$$;
