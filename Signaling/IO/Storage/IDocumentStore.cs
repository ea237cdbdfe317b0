namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Records that are read as a whole and change seldom: users, homes, grants, incidents.</summary>
public interface IDocumentStore
{
    /// <summary>Adds or replaces records in one step; when <paramref name="consumer"/> is given its cursor in the event journal moves in the same step.</summary>
    Task SaveAsync(IReadOnlyList<StoredDocument> documents, string? consumer = null, long position = 0);

    /// <summary>Removes a record; false when it was not there.</summary>
    Task<bool> RemoveAsync(string kind, string id);

    /// <summary>One record, null when unknown.</summary>
    StoredDocument? Find(string kind, string id);

    /// <summary>All records of a kind in pages, by their id: those behind <paramref name="after"/>, ascending.</summary>
    IReadOnlyList<StoredDocument> Page(string kind, string after, int max);

    /// <summary>Records of a kind, newest first: of one home or of all, only open or closed ones or all, begun before a time or from the newest.</summary>
    IReadOnlyList<StoredDocument> List(string kind, string? home, bool? open, DateTimeOffset? before, int max);
}
