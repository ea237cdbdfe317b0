using MediaRelay.Gateway.Directives;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Home;

/// <summary>How instructions are carried out; each ends in exactly one instruction.result, whatever happens.</summary>
public sealed partial class HomeCore
{
    /// <summary>Devices that a home may have.</summary>
    public const int MaxDevices = 1000;

    private const int DevicesPerPart = 32;

    /// <summary>Carries out an instruction. Those for adaptors, cameras and provisioning become commands whose result the shell reports with <see cref="Result"/>.</summary>
    public void HandleInstruction(Instruction instruction, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        if (utcNow > instruction.Expires)
        {
            commands.Add(Result(instruction.Id, new ResultBody("expired", "expired", "The instruction arrived after its end and was not carried out."), utcNow));
            return;
        }

        if (InstructionRules.Check(instruction) is { } fault)
        {
            commands.Add(Result(instruction.Id, new ResultBody("failed", SmaFault.Meaning, fault), utcNow));
            return;
        }

        ResultBody? result = Carry(instruction, utcNow, now, commands);
        if (result is not null)
            commands.Add(Result(instruction.Id, result, utcNow));
    }

    /// <summary>The event that ends an instruction.</summary>
    public static HomeCommand.Emit Result(string instruction, ResultBody result, DateTimeOffset utcNow) =>
        Emit(SmaEventKinds.InstructionResult, utcNow, instruction, EventPriority.Status, null, result);

    /// <summary>The adaptor has set all properties, or says why not.</summary>
    public static void HandleSet(HomeCommand.SetProperty set, string? failure, DateTimeOffset utcNow, List<HomeCommand> commands)
    {
        if (set.Cause is { } cause)
            commands.Add(Result(cause, failure is null ? new ResultBody("done") : new ResultBody("failed", "device", failure), utcNow));
        else if (set.Directive is { } directive && failure is not null)
            commands.Add(Trouble(directive, $"Device {set.Device.Ref}: {failure}", utcNow));
    }

    /// <summary>The event that says what a directive could not do.</summary>
    public static HomeCommand.Emit Trouble(string directive, string words, DateTimeOffset utcNow) =>
        Emit(SmaEventKinds.Log, utcNow, null, EventPriority.Trouble, null, new TextBody($"Directive {directive}: {words}"));

    /// <summary>Returns the result, or null when a command will lead to it.</summary>
    private ResultBody? Carry(Instruction instruction, DateTimeOffset utcNow, TimeSpan now, List<HomeCommand> commands)
    {
        switch (instruction.Kind)
        {
            case InstructionKinds.DeviceCreate:
                return Create(instruction, utcNow, commands);
            case InstructionKinds.DeviceRemove:
                return Remove(instruction, utcNow, now, commands);
            case InstructionKinds.PropertySet:
                return SetOnPanel(instruction, utcNow, now, commands) ?? Set(instruction, commands);
            case InstructionKinds.PropertyGet:
                if (AskPanel(instruction, now) is { } answer)
                    return answer;
                if (!_devices.TryGetValue(instruction.Device!.Ref, out Device? asked))
                    return new ResultBody("failed", "unknown-device", "There is no such device.");
                commands.Add(Emit(SmaEventKinds.DeviceState, utcNow, instruction.Id, EventPriority.Status, asked.WithValues([.. instruction.Device.Properties.Select(property => property.Name)])));
                return new ResultBody("done");
            case InstructionKinds.HomeQuery:
                Query((HomeQuery)instruction.Body!, instruction.Id, utcNow, commands);
                return new ResultBody("done");
            case InstructionKinds.DirectiveCreate or InstructionKinds.DirectiveModify:
                return Store((DirectiveBody)instruction.Body!, instruction.Id, utcNow, commands);
            case InstructionKinds.DirectiveDelete:
                var deleted = (DirectiveBody)instruction.Body!;
                if (!_directives.TryDelete(deleted.Id, deleted.Version, out string? newer))
                    return new ResultBody("refused", "version", newer!);
                KeepDirectives(commands);
                commands.Add(new HomeCommand.Keep(DirectiveKey + deleted.Id, null));
                commands.Add(Emit(SmaEventKinds.DirectiveState, utcNow, instruction.Id, EventPriority.Status, null, new DirectiveBody { Id = deleted.Id, Version = deleted.Version, State = "deleted" }));
                return new ResultBody("done");
            case InstructionKinds.PartitionArm or InstructionKinds.PartitionDisarm:
                var partition = (PartitionBody)instruction.Body!;
                if (partition.CodeHash is { } hash)
                    return ArmByCode(instruction, partition, hash, utcNow, now, commands);
                ArmMode mode = instruction.Kind == InstructionKinds.PartitionDisarm ? ArmMode.Off : ReadMode(partition.Mode) ?? ArmMode.Away;
                return Arm(partition.Id, mode, partition.User ?? "operator", partition.ExitDelay ?? _exitDelay, partition.Bypass.ToArray(), instruction.Id, utcNow, now, commands, out string? refusal, ArmOrigin.Remote, partition.EntryDelay)
                    ? new ResultBody("done")
                    : new ResultBody("refused", "not-ready", refusal ?? "");
            case InstructionKinds.MediaInvite or InstructionKinds.MediaOffer or InstructionKinds.MediaAnswer or InstructionKinds.MediaCandidate or InstructionKinds.MediaEnd or InstructionKinds.ClipRequest:
                commands.Add(new HomeCommand.Media(instruction));
                return null;
            case InstructionKinds.ConfigApply or InstructionKinds.FirmwareApply or InstructionKinds.Reboot or InstructionKinds.LogUpload:
                commands.Add(new HomeCommand.Provision(instruction));
                return null;
            case InstructionKinds.ContentShow:
                commands.Add(Emit(SmaEventKinds.ContentShown, utcNow, instruction.Id, EventPriority.Status, null, new ContentBody { Id = ((ContentBody)instruction.Body!).Id }));
                return new ResultBody("done");
            case InstructionKinds.TimeHint or InstructionKinds.EventHandled or InstructionKinds.LookInStarted or InstructionKinds.LookInEnded:
                return new ResultBody("done");
            default:
                return new ResultBody("failed", "unknown-kind", "This gateway does not know this kind of instruction.");
        }
    }

    private ResultBody Create(Instruction instruction, DateTimeOffset utcNow, List<HomeCommand> commands)
    {
        DeviceBody wanted = instruction.Device! with { IfAt = null };
        if (_devices.TryGetValue(wanted.Ref, out Device? old))
        {
            return old.Body with { Properties = wanted.Properties } == wanted
                ? new ResultBody("done", "exists", "The device is there already.")
                : new ResultBody("failed", "exists", "Another device has this ref.");
        }

        if (_devices.Count >= MaxDevices)
            return new ResultBody("refused", "full", $"A home has {MaxDevices} devices at most.");
        _devices[wanted.Ref] = new Device(wanted with { Properties = [] });
        commands.Add(new HomeCommand.AddDevice(wanted));
        commands.Add(new HomeCommand.Keep(DeviceKey + wanted.Ref, KeptMessage.Write(wanted, null)));
        if (_configured.ContainsKey(wanted.Ref))
            commands.Add(new HomeCommand.Keep(RemovedKey + wanted.Ref, null));
        bool isWatched = wanted.Zone is not { } zone || Watch(zone);
        Describe(_devices[wanted.Ref], utcNow);
        commands.Add(Emit(SmaEventKinds.DeviceAdded, utcNow, instruction.Id, EventPriority.Status, wanted));
        return isWatched ? new ResultBody("done") : new ResultBody("done", "no-zone", $"Zone {wanted.Zone} is not in the configuration of this gateway: the device raises no alarm.");
    }

    private ResultBody? Set(Instruction instruction, List<HomeCommand> commands)
    {
        DeviceBody wanted = instruction.Device!;
        if (!_devices.TryGetValue(wanted.Ref, out Device? device))
            return new ResultBody("failed", "unknown-device", "There is no such device.");
        if (wanted.IfAt is { } seen && wanted.Properties.Any(property => device.At(property.Name) > seen))
            return new ResultBody("refused", "stale", "The value has changed since it was seen.");
        commands.Add(new HomeCommand.SetProperty(device.Body, wanted.Properties, instruction.Id));
        return null;
    }

    private ResultBody Store(DirectiveBody directive, string cause, DateTimeOffset utcNow, List<HomeCommand> commands)
    {
        if (DirectiveRules.Check(directive) is { } fault)
            return new ResultBody("failed", SmaFault.Meaning, fault);
        if (!_directives.TryStore(directive, out string? refusal))
            return new ResultBody("refused", "version", refusal!);
        KeepDirectives(commands);
        commands.Add(new HomeCommand.Keep(DirectiveKey + directive.Id, KeptMessage.Write(null, directive)));
        commands.Add(Emit(SmaEventKinds.DirectiveState, utcNow, cause, EventPriority.Status, null,
            new DirectiveBody { Id = directive.Id, Version = directive.Version, Type = directive.Type, Enabled = directive.Enabled, State = "stored", Hash = DirectiveBook.Hash(directive) }));
        return new ResultBody("done");
    }

    private void Query(HomeQuery query, string? cause, DateTimeOffset utcNow, List<HomeCommand> commands)
    {
        DeviceBody[] found =
        [
            .. _devices.Values.Where(device => query.Filter switch
            {
                "partition" => device.Body.Partition == query.Partition,
                "type" => device.Body.Type == query.Type,
                _ => true,
            }).Select(device => device.WithValues(query.Fields)),
        ];
        int parts = Math.Max(1, (found.Length + DevicesPerPart - 1) / DevicesPerPart);
        for (int part = 0; part < parts; part++)
        {
            DeviceBody[] some = found[Math.Min(found.Length, part * DevicesPerPart)..Math.Min(found.Length, (part + 1) * DevicesPerPart)];
            commands.Add(Emit(SmaEventKinds.HomeSnapshot, utcNow, cause, EventPriority.Status, null, new HomeSnapshot((ushort)(part + 1), (ushort)parts, some)));
        }
    }
}
