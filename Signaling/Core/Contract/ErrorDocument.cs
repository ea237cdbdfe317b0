namespace MediaRelay.Signaling.Contract;

/// <summary>The body of every answer that is not a success (sma-sig-1 section 8, with the fields of RFC 9457).</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Stable code for programs.</param>
/// <param name="Retry">When to try again; null means never with the same content.</param>
/// <param name="Id">Identifies this answer in the server's log.</param>
/// <param name="Title">The kind of problem in a few words.</param>
/// <param name="Detail">One sentence; never contains input.</param>
/// <param name="Line">Line of the request's document, 0 when it does not apply.</param>
public sealed record ErrorDocument(int Status, string Code, TimeSpan? Retry, string Id, string Title, string Detail, int Line = 0);
