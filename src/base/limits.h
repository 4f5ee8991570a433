/* SPDX-License-Identifier: MIT
 * limits.h - every bound on what comes from outside, each with its reason. Passing one is
 * LK_ELIMIT. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* An update or snapshot larger than this is refused before it is read: lengths inside stay below
 * 2^31. */
#define LIMIT_BLOB_BYTES (1u << 30)

/* Operations of one peer, and Lamport times: Loro's domain is a non-negative int32. */
#define LIMIT_COUNTER 0x7fffffff

/* Operation atoms in one document: the merge keeps the numbers above for itself. */
#define LIMIT_HISTORY 0x7fffffffu

/* Positions in a sequence; Loro 1.16.4 and later refuse larger ones. */
#define LIMIT_POSITION 1073741821u

/* Nesting of lists and maps inside one value: the reader and the writer recurse that deep. */
#define LIMIT_DEPTH 128

/* Containers inside containers, as deep as printing recurses; a document may nest deeper. */
#define LIMIT_NESTING 1024

/* Nodes that a JSONPath query may look at, beside 64 for each operation of the document: queries
 * like $..*..* ask for every pair of them. */
#define LIMIT_QUERY_STEPS (1u << 20)

/* Items of one list or map value; the reference reader stops at 2^28. */
#define LIMIT_COLLECTION (1u << 28)

/* LZ4 may expand each input byte to at most 255 bytes; a frame that claims more is a bomb. */
#define LIMIT_LZ4_RATIO 255

/* Operations are run-length encoded, so a few bytes can claim any number of them. Beyond one per
 * byte, this many are free: in one block, in all blocks of a blob, and in all that waits. */
#define LIMIT_BLOCK_OPS (1u << 20)

/* Fractional indices of one table, and of all tables of a blob. Each may repeat its predecessor for
 * a few bytes. */
#define LIMIT_POSITION_BYTES (64u << 20)
#define LIMIT_POSITIONS_BYTES (256u << 20)

/* Names of mergeable children repeat that of their parent. For all that one blob makes, beyond so
 * many bytes each, so many are free. */
#define LIMIT_CHILD_NAME 256u
#define LIMIT_CHILD_NAMES_BYTES (64u << 20)

/* All that the tables of one snapshot unpack to. */
#define LIMIT_SNAPSHOT_BYTES (1u << 30)

/* Pieces that deletions take out of sequences while they are merged, beyond one each. Concurrent
 * ones may each take out the same pieces, which are as many as there are edits. */
#define LIMIT_MERGE_PIECES (1u << 22)

/* Changes that wait for their past, in bytes of their encoded form: a peer must not fill memory
 * with them. */
#define LIMIT_PENDING_BYTES (256u << 20)

/* Room ids, by the protocol. */
#define LIMIT_ROOM_ID_BYTES 128

/* Updates being put together from fragments, per link, and their time-out by the protocol. */
#define LIMIT_FRAGMENT_BATCHES 8
#define LIMIT_BATCH_BYTES (512u << 20)
#define LIMIT_FRAGMENT_TIMEOUT_MS 10000

/* Joins of one link within ten seconds. Each is answered with a whole version vector, so a few
 * bytes must not ask for that without end. */
#define LIMIT_JOINS 64
#define LIMIT_JOINS_WINDOW_MS 10000

/* Updates that wait for their past and are passed on all the same, per link and ten seconds. Honest
 * ones are few and small; a liar's wait for ever, and are to fill nobody's memory but his
 * neighbours'. */
#define LIMIT_WAITING_BYTES (64u << 10)
#define LIMIT_WAITING_WINDOW_MS 10000

/* Arrivals remembered until it is clear that all links have them; more are passed on at once. */
#define LIMIT_ARRIVALS 1024

/* Presence entries of one room, and bytes of one of them. */
#define LIMIT_PRESENCE_ENTRIES 4096
#define LIMIT_PRESENCE_BYTES (64u << 10)

/* A session description: a browser's has about 1 KiB and grows by 100 bytes a candidate. */
#define LIMIT_SDP_BYTES (64u << 10)
#define LIMIT_MID_BYTES 32

/* ICE (RFC 8445 section 19.5.1): what a stranger may make us send datagrams to. */
#define LIMIT_ICE_REMOTES 64
#define LIMIT_ICE_PAIRS 100
#define LIMIT_ICE_LOCALS 16
#define LIMIT_ICE_SERVERS 4
/* Names of one description and what is trickled behind it, to be asked for in our network. */
#define LIMIT_ICE_NAMES 8
#define LIMIT_TURN_RELAYS 6  /* allocations of one session, */
#define LIMIT_TURN_STREAMS 2 /* and of these over connections */
#define LIMIT_TURN_BYTES 256 /* of a username, a password, a realm, a nonce */

/* Datagrams that come before their DTLS association can start: one flight of a handshake. */
#define LIMIT_DTLS_HELD 8

/* Bytes of one DataChannel message that a peer will take or queue. */
#define LIMIT_MESSAGE_BYTES (256u << 20)

/* Signalling (docs/PROTOCOL.md section 1). A message carries one session description, or the names
 * of all members, 25 bytes each. Plain members are told all that any of them says. */
#define LIMIT_SIGNAL_MESSAGE_BYTES (64u << 10)
#define LIMIT_SIGNAL_MEMBERS 1024
#define LIMIT_SIGNAL_PLAIN 128
#define LIMIT_SIGNAL_ROOMS 4096
/* What one connection may say, in bytes with a fixed charge for each message and for each member it
 * is relayed to: entering a full room costs about an eighth of the burst. */
#define LIMIT_SIGNAL_MESSAGE_CHARGE 512
#define LIMIT_SIGNAL_BURST (8u << 20)
#define LIMIT_SIGNAL_PER_SECOND (1u << 20)

/* Sealed records (%ELO): bytes of a peer's or a key's name, as the extension recommends. */
#define LIMIT_ELO_NAME_BYTES 64
#define LIMIT_ELO_PEERS (1u << 16) /* that one snapshot names */

/* Rooms that a server or a relay keeps: how many are open at once, what one and all of them may
 * hold, in bytes and, sealed, in records; members of one, and rooms that one connection is in.
 * Snapshots none of which holds all of another: who only reads may have been given one by each of
 * its neighbours. */
#define LIMIT_ROOMS 1024
#define LIMIT_ROOM_BYTES (256u << 20)
#define LIMIT_ROOMS_BYTES (1u << 30)
#define LIMIT_ROOM_RECORDS (1u << 16)
#define LIMIT_ROOM_SNAPSHOTS 16
#define LIMIT_ROOM_MEMBERS 512
#define LIMIT_ROOMS_JOINED 64
/* What one connection may have announced in fragments, and what may wait for it: more is a reader
 * that does not keep up, which is sent what it lacks when it comes again. */
#define LIMIT_ROOMS_ASSEMBLY_BYTES (64u << 20)
#define LIMIT_ROOMS_BACKLOG_BYTES (64u << 20)

/* Documents of a room: bytes of a name; how many one member has open (each is a join or two when a
 * link opens, of LIMIT_JOINS); and with a name, how many a relay keeps, of whatever its members
 * name. */
#define LIMIT_DOCUMENT_NAME 64
#define LIMIT_DOCUMENTS 24
#define LIMIT_DOCUMENTS_KEPT 256

/* Connections of the server, and bytes waiting for one that reads too slowly. */
#define LIMIT_CONNECTIONS 8192
#define LIMIT_SEND_QUEUE_BYTES (4u << 20)

#endif
