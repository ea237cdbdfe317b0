namespace MediaRelay.Signaling.Gateways;

/// <summary>The kinds of instruction of sma-sig-1, by their names on the wire.</summary>
public static class InstructionKinds
{
    public const string DeviceCreate = "device.create";
    public const string DeviceRemove = "device.remove";
    public const string PropertySet = "property.set";
    public const string PropertyGet = "property.get";
    public const string HomeQuery = "home.query";
    public const string DirectiveCreate = "directive.create";
    public const string DirectiveModify = "directive.modify";
    public const string DirectiveDelete = "directive.delete";
    public const string PartitionArm = "partition.arm";
    public const string PartitionDisarm = "partition.disarm";
    public const string MediaInvite = "media.invite";
    public const string MediaOffer = "media.offer";
    public const string MediaAnswer = "media.answer";
    public const string MediaCandidate = "media.candidate";
    public const string MediaEnd = "media.end";
    public const string ClipRequest = "clip.request";
    public const string ConfigApply = "config.apply";
    public const string FirmwareApply = "firmware.apply";
    public const string Reboot = "reboot";
    public const string LogUpload = "log.upload";
    public const string ContentShow = "content.show";
    public const string TimeHint = "time.hint";

    /// <summary>Server event: an operator has the alarm named by the cause.</summary>
    public const string EventHandled = "event.handled";

    /// <summary>Server event: somebody looks in.</summary>
    public const string LookInStarted = "look-in.started";

    /// <summary>Server event: the look-in ended.</summary>
    public const string LookInEnded = "look-in.ended";

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        DeviceCreate, DeviceRemove, PropertySet, PropertyGet, HomeQuery, DirectiveCreate, DirectiveModify, DirectiveDelete, PartitionArm,
        PartitionDisarm, MediaInvite, MediaOffer, MediaAnswer, MediaCandidate, MediaEnd, ClipRequest, ConfigApply, FirmwareApply, Reboot,
        LogUpload, ContentShow, TimeHint, EventHandled, LookInStarted, LookInEnded,
    ];
}
