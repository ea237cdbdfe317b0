namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>What stands beside an event's content in its row; the chain covers it. Times are milliseconds, as they are stored.</summary>
internal readonly record struct JournalColumns(long Position, string Gateway, string Epoch, long Seq, string Id, long Time, long Received, string Kind, long Priority);
