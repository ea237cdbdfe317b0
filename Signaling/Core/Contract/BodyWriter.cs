using System.Globalization;

namespace MediaRelay.Signaling.Contract;

/// <summary>Writes the body elements that events and instructions share, in the order of the schema.</summary>
internal static class BodyWriter
{
    public static void Write(XmlOutput x, DeviceBody? device, MessageBody? body)
    {
        if (device is not null)
            Device(x, device);
        switch (body)
        {
            case null: break;
            case HomeQuery query: Query(x, query); break;
            case HomeSnapshot snapshot: Snapshot(x, snapshot); break;
            case DirectiveBody directive: Directive(x, directive); break;
            case PartitionBody partition: Partition(x, partition); break;
            case MediaBody media: Media(x, media); break;
            case ClipBody clip: Clip(x, clip); break;
            case ProvisioningBody provisioning: Provisioning(x, provisioning); break;
            case ContentBody content: Content(x, content); break;
            case LookInBody lookIn: LookIn(x, lookIn); break;
            case ResultBody result: Result(x, result); break;
            case TextBody text:
                x.Start("text"u8);
                x.Text(text.Text);
                x.End("text"u8);
                break;
        }
    }

    private static void Device(XmlOutput x, DeviceBody device)
    {
        x.Start("device"u8);
        x.Attribute("ref"u8, device.Ref);
        x.Attribute("type"u8, device.Type);
        x.Attribute("protocol"u8, device.Protocol);
        x.Attribute("address"u8, device.Address);
        x.Attribute("name"u8, device.Name);
        x.Attribute("partition"u8, device.Partition);
        x.Attribute("zone"u8, device.Zone);
        x.Attribute("if-at"u8, device.IfAt);
        foreach (DeviceProperty property in device.Properties)
        {
            x.Start("property"u8);
            x.Attribute("name"u8, property.Name);
            x.Attribute("at"u8, property.At);
            x.Text(property.Value);
            x.End("property"u8);
        }

        x.End("device"u8);
    }

    private static void Query(XmlOutput x, HomeQuery query)
    {
        x.Start("query"u8);
        x.Attribute("filter"u8, query.Filter);
        x.Attribute("partition"u8, query.Partition);
        x.Attribute("type"u8, query.Type);
        x.Attribute("fields"u8, query.Fields);
        x.End("query"u8);
    }

    private static void Snapshot(XmlOutput x, HomeSnapshot snapshot)
    {
        x.Start("snapshot"u8);
        x.Attribute("part"u8, snapshot.Part);
        x.Attribute("of"u8, snapshot.Of);
        foreach (DeviceBody device in snapshot.Devices)
            Device(x, device);
        x.End("snapshot"u8);
    }

    private static void Directive(XmlOutput x, DirectiveBody directive)
    {
        x.Start("directive"u8);
        x.Attribute("id"u8, directive.Id);
        x.Attribute("version"u8, directive.Version);
        x.Attribute("type"u8, directive.Type);
        if (!directive.Enabled)
            x.Attribute("enabled"u8, "false");
        x.Attribute("state"u8, directive.State);
        x.Attribute("hash"u8, directive.Hash);
        x.Attribute("at"u8, ClockTime(directive.At));
        x.Attribute("days"u8, directive.Days);
        x.Attribute("min-interval"u8, Seconds(directive.MinInterval));
        x.Attribute("min-change"u8, directive.MinChange?.ToString(CultureInfo.InvariantCulture));
        foreach (DirectiveCondition condition in directive.When)
        {
            x.Start("when"u8);
            Condition(x, condition);
            x.End("when"u8);
        }

        foreach (DirectiveCondition condition in directive.If)
        {
            x.Start("if"u8);
            Condition(x, condition);
            x.End("if"u8);
        }

        foreach (DirectiveAction action in directive.Do)
            Action(x, action);
        x.End("directive"u8);
    }

    private static void Condition(XmlOutput x, DirectiveCondition condition)
    {
        x.Attribute("device"u8, condition.Device);
        x.Attribute("property"u8, condition.Property);
        if (condition.Op != "eq")
            x.Attribute("op"u8, condition.Op);
        x.Attribute("value"u8, condition.Value);
        x.Attribute("partition"u8, condition.Partition);
        x.Attribute("mode"u8, condition.Mode);
        x.Attribute("from"u8, ClockTime(condition.From));
        x.Attribute("to"u8, ClockTime(condition.To));
    }

    private static void Action(XmlOutput x, DirectiveAction action)
    {
        x.Start("do"u8);
        x.Attribute("kind"u8, action.Kind);
        x.Attribute("device"u8, action.Device);
        x.Attribute("property"u8, action.Property);
        x.Attribute("value"u8, action.Value);
        x.Attribute("partition"u8, action.Partition);
        x.Attribute("mode"u8, action.Mode);
        x.Attribute("event"u8, action.Event);
        x.Attribute("priority"u8, action.Priority);
        if (action.Delay > TimeSpan.Zero)
            x.Attribute("delay"u8, Seconds(action.Delay));
        x.End("do"u8);
    }

    private static void Partition(XmlOutput x, PartitionBody partition)
    {
        x.Start("partition"u8);
        x.Attribute("id"u8, partition.Id);
        x.Attribute("mode"u8, partition.Mode);
        x.Attribute("state"u8, partition.State);
        x.Attribute("user"u8, partition.User);
        x.Attribute("text"u8, partition.Text);
        x.Attribute("code-hash"u8, partition.CodeHash);
        x.Attribute("entry-delay"u8, Seconds(partition.EntryDelay));
        x.Attribute("exit-delay"u8, Seconds(partition.ExitDelay));
        if (partition.Bypass.Count > 0)
            x.Attribute("bypass"u8, string.Join(' ', partition.Bypass));
        x.End("partition"u8);
    }

    private static void Media(XmlOutput x, MediaBody media)
    {
        x.Start("media"u8);
        x.Attribute("session"u8, media.Session);
        x.Attribute("camera"u8, media.Camera);
        x.Attribute("ttl"u8, Seconds(media.TimeToLive));
        x.Attribute("state"u8, media.State);
        x.Attribute("reason"u8, media.Reason);
        x.Attribute("detail"u8, media.Detail);
        x.Attribute("path"u8, media.Path);
        if (media.Sdp is not null)
        {
            x.Start("sdp"u8);
            x.Text(media.Sdp);
            x.End("sdp"u8);
        }

        foreach (MediaCandidate candidate in media.Candidates)
        {
            x.Start("candidate"u8);
            x.Attribute("mid"u8, candidate.Mid);
            x.Attribute("line"u8, candidate.Line);
            x.Text(candidate.Text);
            x.End("candidate"u8);
        }

        if (media.EndOfCandidates is { } end)
        {
            x.Start("ice"u8);
            x.Attribute("end"u8, end ? "true" : "false");
            x.End("ice"u8);
        }

        foreach (MediaRelayAddress relay in media.Relays)
        {
            x.Start("relay"u8);
            x.Attribute("url"u8, relay.Url);
            x.Attribute("username"u8, relay.Username);
            x.Attribute("credential"u8, relay.Credential);
            x.End("relay"u8);
        }

        x.End("media"u8);
    }

    private static void Clip(XmlOutput x, ClipBody clip)
    {
        x.Start("clip"u8);
        x.Attribute("id"u8, clip.Id);
        x.Attribute("camera"u8, clip.Camera);
        x.Attribute("from"u8, clip.From);
        x.Attribute("to"u8, clip.To);
        x.Attribute("url"u8, clip.Url);
        x.Attribute("type"u8, clip.Type);
        x.Attribute("size"u8, clip.Size);
        x.Attribute("sha256"u8, clip.Sha256);
        x.End("clip"u8);
    }

    private static void Provisioning(XmlOutput x, ProvisioningBody provisioning)
    {
        x.Start("provisioning"u8);
        x.Attribute("version"u8, provisioning.Version);
        x.Attribute("url"u8, provisioning.Url);
        x.Attribute("sha256"u8, provisioning.Sha256);
        x.Attribute("from"u8, provisioning.From);
        x.Attribute("to"u8, provisioning.To);
        x.Attribute("state"u8, provisioning.State);
        x.Attribute("step"u8, provisioning.Step);
        x.Attribute("detail"u8, provisioning.Detail);
        x.End("provisioning"u8);
    }

    private static void Content(XmlOutput x, ContentBody content)
    {
        x.Start("content"u8);
        x.Attribute("id"u8, content.Id);
        x.Attribute("ttl"u8, Seconds(content.TimeToLive));
        x.Attribute("importance"u8, content.Importance);
        x.Attribute("answer"u8, content.Answer);
        if (content.Title is not null)
        {
            x.Start("title"u8);
            x.Text(content.Title);
            x.End("title"u8);
        }

        if (content.Text is not null)
        {
            x.Start("text"u8);
            x.Text(content.Text);
            x.End("text"u8);
        }

        x.End("content"u8);
    }

    private static void LookIn(XmlOutput x, LookInBody lookIn)
    {
        x.Start("look-in"u8);
        x.Attribute("session"u8, lookIn.Session);
        x.Attribute("actor"u8, lookIn.Actor);
        x.Attribute("purpose"u8, lookIn.Purpose);
        x.Attribute("cameras"u8, lookIn.Cameras);
        x.End("look-in"u8);
    }

    private static void Result(XmlOutput x, ResultBody result)
    {
        x.Start("result"u8);
        x.Attribute("outcome"u8, result.Outcome);
        x.Attribute("code"u8, result.Code);
        x.Text(result.Text);
        x.End("result"u8);
    }

    private static ulong? Seconds(TimeSpan? time) => time is { } value ? (ulong)Math.Clamp(value.TotalSeconds, 0, 604_800) : null;

    private static string? ClockTime(TimeOnly? time) => time?.ToString("HH:mm", CultureInfo.InvariantCulture);
}
