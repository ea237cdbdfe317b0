using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Who looks in.</summary>
/// <param name="Actor">The person.</param>
/// <param name="Grant">What the right rests on.</param>
/// <param name="Login">The login or token; when it ends, so does the session. Null for none.</param>
internal sealed record SessionOwner(Actor Actor, string Grant, string? Login);
