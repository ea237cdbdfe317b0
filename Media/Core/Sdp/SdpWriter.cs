using System.Text;

namespace MediaRelay.Media.Sdp;

/// <summary>Writes a description with CR LF line ends; every kept line comes out unchanged and in its order.</summary>
public static class SdpWriter
{
    public static string Write(SessionDescription description)
    {
        var text = new StringBuilder(2048).Append("v=0\r\n");
        WriteLines(text, description);
        foreach (var media in description.Media)
        {
            text.Append("m=").Append(media.Header).Append("\r\n");
            WriteLines(text, media);
        }
        return text.ToString();
    }

    private static void WriteLines(StringBuilder text, SdpSection section)
    {
        foreach (var line in section.Lines) text.Append(line.Type).Append('=').Append(line.Value).Append("\r\n");
    }
}
