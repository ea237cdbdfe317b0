using System.Collections.Immutable;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// One gate that a session asks for: direction, marking and timers, subscriber, traffic and classifiers. The envelopes of
/// <see cref="Profile"/> say whether it is authorised, reserved or committed.
/// </summary>
public sealed record GateRequest(GateSpec Spec, SubscriberId Subscriber, TrafficProfile Profile, ImmutableArray<Classifier> Classifiers)
{
    /// <summary>Application type for the AMID; the tag is the application manager's.</summary>
    public ushort ApplicationType { get; init; }

    /// <summary>Kilobytes of 1024 after which the CMTS reports; null = none.</summary>
    public ulong? VolumeLimitKilobytes { get; init; }

    /// <summary>Committed seconds after which the application manager releases the gate; null = none.</summary>
    public uint? TimeLimitSeconds { get; init; }

    /// <summary>Where billing events go; passed on unchanged. Null = no events.</summary>
    public EventGenerationInfo? Events { get; init; }

    /// <summary>UTF-8 text of at most 64 characters that names the user; null = none.</summary>
    public string? UserId { get; init; }
}
