namespace MediaRelay.Signaling.IO.Storage;

/// <summary>A record that is stored as JSON and found by kind and id: a user, a home, a grant, an incident.</summary>
/// <param name="Kind">What it is, e.g. <c>incident</c>.</param>
/// <param name="Id">Identifier, unique within its kind.</param>
/// <param name="Home">The home it belongs to; empty when to none.</param>
/// <param name="IsOpen">Whether it is live, for lists of open things; records without that notion say true.</param>
/// <param name="At">When it began; lists are sorted by it.</param>
/// <param name="Json">The record.</param>
public sealed record StoredDocument(string Kind, string Id, string Home, bool IsOpen, DateTimeOffset At, string Json);
