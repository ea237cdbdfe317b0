using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MediaRelay.Gateway;

/// <summary>Durations as everywhere in the product: 500ms, 10s, 5m, 2h, 7d or hh:mm:ss.</summary>
internal sealed class DurationConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string text = reader.TokenType == JsonTokenType.String ? reader.GetString()!.Trim() : "";
        if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan clock))
            return clock;
        int digits = text.AsSpan().IndexOfAnyInRange('a', 'z');
        TimeSpan? unit = digits < 0 ? null : text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => null,
        };
        if (unit is { } one && double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number <= 100_000)
            return one * number;
        throw new JsonException("A duration is written with its unit: 500ms, 10s, 5m, 2h, 7d or hh:mm:ss.");
    }

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString("c", CultureInfo.InvariantCulture));
}
