using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Contract;

/// <summary>Writes the documents of sma-sig-1; the output validates against <see cref="SmaSchemas"/>.</summary>
public static class SmaWriter
{
    /// <summary>Writes a batch of events.</summary>
    public static void WriteEvents(XmlOutput x, string gateway, string epoch, IReadOnlyList<SmaEvent> events)
    {
        StartEvents(x, gateway, epoch);
        foreach (SmaEvent message in events)
            WriteEvent(x, message);
        x.End("events"u8);
    }

    /// <summary>Starts a batch whose events are added one by one, or raw from storage.</summary>
    public static void StartEvents(XmlOutput x, string gateway, string epoch)
    {
        x.StartDocument("events"u8);
        x.Attribute("gateway"u8, gateway);
        x.Attribute("epoch"u8, epoch);
    }

    /// <summary>Writes one event element.</summary>
    public static void WriteEvent(XmlOutput x, SmaEvent message)
    {
        x.Start("event"u8);
        x.Attribute("id"u8, message.Id);
        x.Attribute("seq"u8, message.Seq);
        x.Attribute("time"u8, message.Time);
        x.Attribute("cause"u8, message.Cause);
        x.Attribute("kind"u8, message.Kind);
        if (message.Priority != EventPriority.Status)
            x.Attribute("priority"u8, PriorityName(message.Priority));
        x.Attribute("code"u8, message.Code);
        x.Attribute("partition"u8, message.Partition);
        x.Attribute("zone"u8, message.Zone);
        x.Attribute("mode"u8, message.Mode);
        x.Attribute("state"u8, message.State);
        if (message.IsClockUnset)
            x.Attribute("clock"u8, "unset");
        x.Attribute("monotonic"u8, message.Monotonic is { } monotonic ? (ulong)Math.Max(0, monotonic.Ticks / TimeSpan.TicksPerMillisecond) : null);
        BodyWriter.Write(x, message.Device, message.Body);
        x.End("event"u8);
    }

    /// <summary>Writes instructions.</summary>
    public static void WriteInstructions(XmlOutput x, InstructionBatch batch)
    {
        StartInstructions(x, batch.Gateway, batch.Epoch, isRoot: true);
        foreach (Instruction instruction in batch.Instructions)
            WriteInstruction(x, instruction);
        x.End("instructions"u8);
    }

    /// <summary>Starts a list of instructions, as a document or inside an answer.</summary>
    public static void StartInstructions(XmlOutput x, string gateway, string epoch, bool isRoot)
    {
        if (isRoot)
            x.StartDocument("instructions"u8);
        else
            x.Start("instructions"u8);
        x.Attribute("gateway"u8, gateway);
        x.Attribute("epoch"u8, epoch);
    }

    /// <summary>Writes one instruction element.</summary>
    public static void WriteInstruction(XmlOutput x, Instruction instruction)
    {
        x.Start("instruction"u8);
        x.Attribute("id"u8, instruction.Id);
        x.Attribute("seq"u8, instruction.Seq);
        x.Attribute("time"u8, instruction.Time);
        x.Attribute("expires"u8, instruction.Expires);
        x.Attribute("cause"u8, instruction.Cause);
        x.Attribute("kind"u8, instruction.Kind);
        BodyWriter.Write(x, instruction.Device, instruction.Body);
        x.End("instruction"u8);
    }

    /// <summary>Writes the answer to events.</summary>
    public static void WriteAccepted(XmlOutput x, EventsAccepted accepted)
    {
        x.StartDocument("accepted"u8);
        x.Attribute("gateway"u8, accepted.Gateway);
        x.Attribute("epoch"u8, accepted.Epoch);
        x.Attribute("upTo"u8, accepted.UpTo);
        foreach (SeqRange range in accepted.Missing)
        {
            x.Start("missing"u8);
            x.Attribute("from"u8, range.From);
            x.Attribute("to"u8, range.To);
            x.End("missing"u8);
        }

        foreach (RejectedEvent rejected in accepted.Rejected)
        {
            x.Start("rejected"u8);
            x.Attribute("seq"u8, rejected.Seq);
            x.Attribute("code"u8, rejected.Code);
            x.Attribute("line"u8, rejected.Line > 0 ? (ulong)rejected.Line : null);
            x.Text(rejected.Text);
            x.End("rejected"u8);
        }

        if (accepted.Instructions is { Instructions.Count: > 0 } batch)
        {
            StartInstructions(x, batch.Gateway, batch.Epoch, isRoot: false);
            foreach (Instruction instruction in batch.Instructions)
                WriteInstruction(x, instruction);
            x.End("instructions"u8);
        }

        x.End("accepted"u8);
    }

    /// <summary>Writes a hello.</summary>
    public static void WriteHello(XmlOutput x, Hello hello)
    {
        x.StartDocument("hello"u8);
        x.Attribute("gateway"u8, hello.Gateway);
        x.Attribute("epoch"u8, hello.Epoch);
        x.Attribute("majors"u8, string.Join(' ', hello.Majors));
        x.Attribute("software"u8, hello.Software);
        x.Attribute("hardware"u8, hello.Hardware);
        x.Attribute("capabilities"u8, hello.Capabilities);
        x.Attribute("lastEvent"u8, hello.LastEvent);
        x.Attribute("firstEvent"u8, hello.FirstEvent > 0 ? hello.FirstEvent : null);
        x.Attribute("lastInstruction"u8, hello.LastInstruction);
        x.Attribute("instructionEpoch"u8, hello.InstructionEpoch);
        x.Attribute("time"u8, hello.Time);
        if (hello.IsClockUnset)
            x.Attribute("clock"u8, "unset");
        x.Attribute("config"u8, hello.Config);
        x.End("hello"u8);
    }

    /// <summary>Writes a welcome.</summary>
    public static void WriteWelcome(XmlOutput x, Welcome welcome)
    {
        x.StartDocument("welcome"u8);
        x.Attribute("gateway"u8, welcome.Gateway);
        x.Attribute("epoch"u8, welcome.Epoch);
        x.Attribute("major"u8, welcome.Major);
        x.Attribute("time"u8, welcome.Time);
        x.Attribute("heartbeat"u8, (ulong)welcome.Heartbeat.TotalSeconds);
        x.Attribute("hold"u8, (ulong)welcome.Hold.TotalSeconds);
        x.Attribute("jitter"u8, (ulong)welcome.Jitter.TotalSeconds);
        x.Attribute("lastEvent"u8, welcome.LastEvent);
        x.Attribute("lastInstruction"u8, welcome.LastInstruction);
        x.Attribute("maxEvents"u8, welcome.MaxEvents);
        x.Attribute("maxBody"u8, welcome.MaxBody);
        x.Attribute("renewBefore"u8, welcome.RenewBefore);
        x.Attribute("config"u8, welcome.Config);
        x.End("welcome"u8);
    }

    /// <summary>Writes a request for a certificate.</summary>
    public static void WriteEnrol(XmlOutput x, EnrolRequest enrol)
    {
        x.StartDocument("enrol"u8);
        x.Attribute("gateway"u8, enrol.Gateway);
        x.Attribute("claim"u8, enrol.Claim);
        Element(x, "csr"u8, enrol.Csr);
        x.End("enrol"u8);
    }

    /// <summary>Writes the answer with the certificate.</summary>
    public static void WriteEnrolled(XmlOutput x, EnrolAnswer enrolled)
    {
        x.StartDocument("enrolled"u8);
        x.Attribute("gateway"u8, enrolled.Gateway);
        x.Attribute("notAfter"u8, enrolled.NotAfter);
        Element(x, "certificate"u8, enrolled.Certificate);
        Element(x, "authority"u8, enrolled.Authority);
        x.End("enrolled"u8);
    }

    /// <summary>Writes an error document.</summary>
    public static void WriteError(XmlOutput x, ErrorDocument error)
    {
        x.StartDocument("error"u8);
        x.Attribute("code"u8, error.Code);
        x.Attribute("status"u8, (ulong)error.Status);
        if (error.Retry is { } retry)
            x.Attribute("retry"u8, (ulong)Math.Ceiling(retry.TotalSeconds));
        else
            x.Attribute("retry"u8, "never");
        x.Attribute("id"u8, error.Id);
        x.Attribute("type"u8, SmaContract.ErrorTypePrefix + error.Code);
        x.Attribute("title"u8, error.Title);
        x.Attribute("line"u8, error.Line > 0 ? (ulong)error.Line : null);
        x.Text(error.Detail);
        x.End("error"u8);
    }

    /// <summary>The name of a priority on the wire.</summary>
    public static string PriorityName(EventPriority priority) => priority switch
    {
        EventPriority.Alarm => "alarm",
        EventPriority.Trouble => "trouble",
        EventPriority.Bulk => "bulk",
        _ => "status",
    };

    private static void Element(XmlOutput x, ReadOnlySpan<byte> name, string text)
    {
        x.Start(name);
        x.Text(text);
        x.End(name);
    }
}
