namespace MediaRelay.Gateway.Home;

/// <summary>Devices and directives that are kept over restarts, in the contract's own form.</summary>
internal static class KeptMessage
{
    public static byte[] Write(DeviceBody? device, MessageBody? body)
    {
        var x = new XmlOutput();
        SmaWriter.WriteInstructions(x, new InstructionBatch("kept", "kept", [new Instruction { Id = "kept", Seq = 1, Time = DateTimeOffset.UnixEpoch, Expires = DateTimeOffset.UnixEpoch, Kind = "kept", Device = device, Body = body }]));
        return x.Written.ToArray();
    }

    public static Instruction? Read(byte[] value) =>
        SmaReader.TryReadInstructions(value, out InstructionBatch batch, out _) ? batch.Instructions[0] : null;
}
