using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Gateways;

/// <summary>What an instruction must carry for its kind; the schema cannot say this (sma-sig-1 section 5).</summary>
public static class InstructionRules
{
    /// <summary>Null when the instruction makes sense, else one sentence that says what is missing.</summary>
    public static string? Check(Instruction instruction) => instruction.Kind switch
    {
        InstructionKinds.DeviceCreate when instruction.Device is not { Type: not null, Protocol: not null } => "device.create needs a device with type and protocol.",
        InstructionKinds.DeviceRemove when instruction.Device is null => "device.remove needs a device.",
        InstructionKinds.PropertySet when instruction.Device is not { Properties.Count: > 0 } => "property.set needs a device with at least one property.",
        InstructionKinds.PropertyGet when instruction.Device is null => "property.get needs a device.",
        InstructionKinds.HomeQuery => instruction.Body switch
        {
            HomeQuery { Filter: "partition", Partition: null } => "home.query with the filter partition needs a partition.",
            HomeQuery { Filter: "type", Type: null } => "home.query with the filter type needs a type.",
            HomeQuery => null,
            _ => "home.query needs a query.",
        },
        InstructionKinds.DirectiveCreate or InstructionKinds.DirectiveModify => instruction.Body is DirectiveBody directive
            ? CheckDirective(directive)
            : $"{instruction.Kind} needs a directive.",
        InstructionKinds.DirectiveDelete when instruction.Body is not DirectiveBody => "directive.delete needs a directive.",
        InstructionKinds.PartitionArm when instruction.Body is not PartitionBody { Mode: "away" or "stay" or "night" } => "partition.arm needs a partition with the mode away, stay or night.",
        InstructionKinds.PartitionDisarm when instruction.Body is not PartitionBody => "partition.disarm needs a partition.",
        InstructionKinds.MediaInvite when instruction.Body is not MediaBody { Camera: not null } => "media.invite needs a media body with a camera.",
        InstructionKinds.MediaOffer when instruction.Body is not MediaBody { Camera: not null, Sdp: not null } => "media.offer needs a media body with a camera and an SDP.",
        InstructionKinds.MediaAnswer when instruction.Body is not MediaBody { Sdp: not null } => "media.answer needs a media body with an SDP.",
        InstructionKinds.MediaCandidate or InstructionKinds.MediaEnd when instruction.Body is not MediaBody => $"{instruction.Kind} needs a media body.",
        InstructionKinds.ClipRequest when instruction.Body is not ClipBody { Camera: not null } => "clip.request needs a clip with a camera.",
        InstructionKinds.ConfigApply or InstructionKinds.FirmwareApply when instruction.Body is not ProvisioningBody { Version: not null } => $"{instruction.Kind} needs a version.",
        InstructionKinds.ContentShow when instruction.Body is not ContentBody => "content.show needs a content.",
        InstructionKinds.EventHandled when instruction.Cause is null => "event.handled needs a cause.",
        InstructionKinds.LookInStarted or InstructionKinds.LookInEnded when instruction.Body is not LookInBody => $"{instruction.Kind} needs a look-in.",
        _ => null,
    };

    private static string? CheckDirective(DirectiveBody directive) => directive.Type switch
    {
        null => "A directive needs a type.",
        _ when directive.If.Any(one => (one.Device is null) != (one.Property is null) || (one.Partition is null) != (one.Mode is null)) => "A condition names a device with its property, or a partition with its mode.",
        "schedule" when directive.At is null => "A schedule needs a time of day.",
        "schedule" or "trigger" when directive.Do.Count == 0 => "A trigger or schedule needs at least one action.",
        "trigger" when directive.When.Count == 0 => "A trigger needs at least one condition that starts it.",
        "filter" when directive.When.Count == 0 => "A filter needs at least one condition that says which reports it holds back.",
        _ => null,
    };
}
