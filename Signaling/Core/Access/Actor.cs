namespace MediaRelay.Signaling.Access;

/// <summary>Somebody, or something, that asks for an action.</summary>
/// <param name="Id">Stable identifier, e.g. the user name.</param>
/// <param name="Name">The name people see, also in the home owner's log.</param>
/// <param name="Role">What the actor is.</param>
/// <param name="Home">The home a home owner or guest belongs to; null for staff.</param>
public sealed record Actor(string Id, string Name, ActorRole Role, string? Home = null);
