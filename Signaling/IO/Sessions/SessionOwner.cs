using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Who looks in.</summary>
/// <param name="Actor">The person.</param>
/// <param name="Grant">What the right rests on.</param>
/// <param name="Login">The login or token; when it ends, so does the session. Null for none.</param>
/// <param name="MayTalk">Whether the home plays what the person says; when that right ends, so does the session.</param>
internal sealed record SessionOwner(Actor Actor, string Grant, PortalSession? Login, bool MayTalk = false);
