namespace MediaRelay.Media.IO.Cameras;

/// <summary>
/// Cuts whole JPEG pictures out of a byte stream. Cameras disagree about boundaries, part headers and Content-Length, so the pictures are
/// found by their own structure: markers with lengths up to the scan, then the end marker (ITU-T T.81 section B.1.1).
/// </summary>
internal sealed class JpegStreamReader(Stream stream)
{
    /// <summary>Bytes of the largest picture; a longer one is skipped.</summary>
    public const int LargestPicture = 4 << 20;

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next picture, good until the next call; empty at the end of the stream.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            SkipToStart();
            if (TryMeasure(_buffer.AsSpan(_start, _end - _start), out var length))
            {
                var picture = _buffer.AsMemory(_start, length);
                _start += length;
                return picture;
            }
            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            if (read == 0) return default;
            _end += read;
        }
    }

    /// <summary>Length of the whole picture at the start of the bytes; false when its end has not come yet or it is broken.</summary>
    internal static bool TryMeasure(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < 4 || bytes[0] != 0xFF || bytes[1] != 0xD8) return false;
        var position = 2;
        while (position + 4 <= bytes.Length)
        {
            if (bytes[position] != 0xFF) return false;
            var marker = bytes[position + 1];
            if (marker == 0xFF)
            {
                position++;
                continue;
            }
            if (marker == 0xD9)
            {
                length = position + 2;
                return true;
            }
            var segment = bytes[position + 2] << 8 | bytes[position + 3];
            if (segment < 2) return false;
            position += 2 + segment;
            if (marker != 0xDA) continue;
            // Inside a scan 0xFF is followed by zero, by a restart marker, or by the next real marker.
            while (true)
            {
                if (position >= bytes.Length) return false;
                var next = bytes[position..].IndexOf((byte)0xFF);
                if (next < 0 || position + next + 1 >= bytes.Length) return false;
                position += next;
                if (bytes[position + 1] is 0 or (>= 0xD0 and <= 0xD7)) position += 2;
                else break;
            }
            if (position + 2 <= bytes.Length && bytes[position + 1] == 0xD9)
            {
                length = position + 2;
                return true;
            }
        }
        return false;
    }

    private void SkipToStart()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        var at = bytes.IndexOf([(byte)0xFF, (byte)0xD8, (byte)0xFF]);
        if (at >= 0) _start += at;
        else if (bytes.Length > 2) _start = _end - 2;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end < _buffer.Length) return;
        if (_buffer.Length < LargestPicture) Array.Resize(ref _buffer, _buffer.Length * 2);
        else _start = _end = 0;
    }
}
