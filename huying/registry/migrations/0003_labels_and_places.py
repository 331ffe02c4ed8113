"""Every thing has a label of its own, a place in an index that finds the nearest, and is counted in the cells around it."""

from django.db import migrations

# No vowels and nothing that reads like another, as `registry.models.new_label` draws them.
LABELS = """
UPDATE registry_item SET label = (
    SELECT string_agg(substr('23456789BCDFGHJKMNPQRSTVWXYZ', 1 + floor(random() * 28)::int, 1), '')
    FROM generate_series(1, 8) AS place WHERE registry_item.id IS NOT NULL
) WHERE label = '';
UPDATE registry_item SET area_path = a.path FROM places_area a WHERE a.id = area_id AND area_path = '';
"""

# The map's own projection keeps shapes, so the nearest on it is the nearest on the ground within a district.
# Each register has a stripe of the plane to itself, 1000 degrees wide: one index answers for every register.
PLACES = """
CREATE FUNCTION item_latitude(lat double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT degrees(ln(tan(radians(45 + greatest(least(lat, 85), -85) / 2)))) $$;

CREATE FUNCTION item_place(register bigint, lng double precision, lat double precision) RETURNS point
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT point(lng + 1000.0 * register, degrees(ln(tan(radians(45 + greatest(least(lat, 85), -85) / 2))))) $$;

CREATE INDEX item_place ON registry_item USING gist (item_place(register_id, lng, lat));
"""

# Things that stand somewhere and are still there, at every depth of the map. Cells are written in one order, so
# that two writers wait for one another instead of blocking each other.
_COUNT = """
        INSERT INTO registry_itemcell AS c (register_id, zoom, x, y, count, sum_lng, sum_lat)
        SELECT register_id, zoom,
               floor((lng + 180) / 360 * (1 << zoom))::int,
               floor((180 - item_latitude(lat)) / 360 * (1 << zoom))::int,
               sum(sign), sum(sign * lng), sum(sign * lat)
        FROM ({rows}) AS moved CROSS JOIN unnest(ARRAY[10, 12, 14, 16, 18]) AS zoom
        WHERE lng IS NOT NULL AND lat IS NOT NULL AND state <> 'retired'
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (register_id, zoom, x, y) DO UPDATE SET
            count = c.count + excluded.count,
            sum_lng = c.sum_lng + excluded.sum_lng,
            sum_lat = c.sum_lat + excluded.sum_lat;
"""
_LOST = "SELECT o.register_id, o.lng, o.lat, o.state, -1 AS sign FROM lost o"
_WON = "SELECT n.register_id, n.lng, n.lat, n.state, 1 AS sign FROM won n"
_MOVED = """
    {rows} JOIN {other} USING (id)
    WHERE (o.register_id, o.lng, o.lat, o.state = 'retired')
        IS DISTINCT FROM (n.register_id, n.lng, n.lat, n.state = 'retired')
"""
_BOTH = f"{_MOVED.format(rows=_LOST, other='won n')} UNION ALL {_MOVED.format(rows=_WON, other='lost o')}"
CELLS = f"""
CREATE FUNCTION item_cells() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {_COUNT.format(rows=_WON)}
    ELSIF TG_OP = 'DELETE' THEN {_COUNT.format(rows=_LOST)}
    ELSE {_COUNT.format(rows=_BOTH)}
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER item_cells_won AFTER INSERT ON registry_item
REFERENCING NEW TABLE AS won FOR EACH STATEMENT EXECUTE FUNCTION item_cells();
CREATE TRIGGER item_cells_lost AFTER DELETE ON registry_item
REFERENCING OLD TABLE AS lost FOR EACH STATEMENT EXECUTE FUNCTION item_cells();
CREATE TRIGGER item_cells_moved AFTER UPDATE ON registry_item
REFERENCING OLD TABLE AS lost NEW TABLE AS won FOR EACH STATEMENT EXECUTE FUNCTION item_cells();

INSERT INTO registry_itemcell (register_id, zoom, x, y, count, sum_lng, sum_lat)
SELECT register_id, zoom, floor((lng + 180) / 360 * (1 << zoom))::int,
       floor((180 - item_latitude(lat)) / 360 * (1 << zoom))::int, count(*), sum(lng), sum(lat)
FROM registry_item CROSS JOIN unnest(ARRAY[10, 12, 14, 16, 18]) AS zoom
WHERE lng IS NOT NULL AND lat IS NOT NULL AND state <> 'retired'
GROUP BY 1, 2, 3, 4;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_things_with_labels")]
    operations = [
        migrations.RunSQL(LABELS, migrations.RunSQL.noop),
        migrations.RunSQL(
            PLACES,
            "DROP INDEX item_place; DROP FUNCTION item_place(bigint, double precision, double precision);"
            " DROP FUNCTION item_latitude(double precision);",
        ),
        migrations.RunSQL(
            CELLS,
            "DROP TRIGGER item_cells_won ON registry_item; DROP TRIGGER item_cells_lost ON registry_item;"
            " DROP TRIGGER item_cells_moved ON registry_item; DROP FUNCTION item_cells();"
            " DELETE FROM registry_itemcell;",
        ),
    ]
