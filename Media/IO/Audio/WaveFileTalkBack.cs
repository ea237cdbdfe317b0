using System.Buffers.Binary;
using MediaRelay.Media.IO.Cameras;

namespace MediaRelay.Media.IO.Audio;

/// <summary>Writes a viewer's voice to a WAVE file in mu-law; the header is right after <see cref="Dispose"/> and readable by most players before.</summary>
public sealed class WaveFileTalkBack : ITalkBack, IDisposable
{
    private const int HeaderLength = 58;
    private const byte Silence = 0xFF;

    private readonly FileStream _file;
    private readonly G711Timeline _timeline = new();
    private readonly Lock _gate = new();
    private int _samples;

    public WaveFileTalkBack(string path)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1024);
        WriteHeader();
    }

    public string Codec => "PCMU";

    public void HandleRtp(ReadOnlySpan<byte> packet)
    {
        // Disposing comes from another thread than packets.
        lock (_gate)
        {
            if (!_file.CanWrite || !_timeline.TryTake(packet, out var silence, out var payload)) return;
            for (; silence > 0; silence--, _samples++) _file.WriteByte(Silence);
            _file.Write(payload);
            _samples += payload.Length;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_file.CanWrite) return;
            _file.Position = 0;
            WriteHeader();
            _file.Dispose();
        }
    }

    private void WriteHeader()
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], HeaderLength - 8 + _samples);
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 18);
        BinaryPrimitives.WriteInt16LittleEndian(header[20..], 7); // mu-law
        BinaryPrimitives.WriteInt16LittleEndian(header[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], 8000);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], 8000);
        BinaryPrimitives.WriteInt16LittleEndian(header[32..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(header[34..], 8);
        "fact"u8.CopyTo(header[38..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[42..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[46..], _samples);
        "data"u8.CopyTo(header[50..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[54..], _samples);
        _file.Write(header);
    }
}
