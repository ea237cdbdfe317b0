using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>A person who may log in.</summary>
public sealed record PortalUser
{
    /// <summary>The name typed at login; lower case.</summary>
    public required string Id { get; init; }

    /// <summary>The name people see.</summary>
    public required string Name { get; init; }

    /// <summary>What the person is.</summary>
    public required ActorRole Role { get; init; }

    /// <summary>The home of a home owner or guest.</summary>
    public string? Home { get; init; }

    /// <summary>See <see cref="PasswordHash"/>.</summary>
    public required string Password { get; init; }

    /// <summary>Secret of the second factor, sealed; null when none is enrolled.</summary>
    public byte[]? SecondFactor { get; init; }

    /// <summary>First moment of the account; null: at once.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>End of the account; null: none.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>True while the account may be used.</summary>
    public bool IsOpen(DateTimeOffset utcNow) => !(From > utcNow) && !(Until <= utcNow);

    /// <summary>True for people of the operator and of stations, who reach more than one home.</summary>
    public bool IsStaff => Role is not (ActorRole.HomeOwner or ActorRole.Guest);

    /// <summary>The person as the access policy knows it.</summary>
    public Actor ToActor() => new(Id, Name, Role, Home);
}
