using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MediaRelay.Qos.Policy;

/// <summary>Bit rates in text: a number of bit/s, or with the suffix k, M or G (powers of 1000).</summary>
public sealed class BitRateConverter : JsonConverter<double?>
{
    public override double? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number) return reader.GetDouble();
        if (reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out double rate)) return rate;
        throw new JsonException("A rate is a number of bit/s or text such as \"10M\".");
    }

    public override void Write(Utf8JsonWriter writer, double? value, JsonSerializerOptions options)
    {
        if (value is { } rate) writer.WriteNumberValue(rate);
        else writer.WriteNullValue();
    }

    /// <summary>Reads 100000, 100k, 10M or 1G.</summary>
    public static bool TryParse(string text, out double bitsPerSecond)
    {
        double factor = text.Length == 0 ? 0 : text[^1] switch { 'k' or 'K' => 1e3, 'M' => 1e6, 'G' => 1e9, _ => 1 };
        ReadOnlySpan<char> number = factor > 1 ? text.AsSpan(0, text.Length - 1) : text;
        bool isNumber = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out bitsPerSecond);
        bitsPerSecond *= factor;
        return isNumber && bitsPerSecond > 0;
    }
}
